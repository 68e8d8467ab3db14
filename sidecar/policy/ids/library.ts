import { stdnum } from 'stdnum';
import type { IdCheck } from './weights.js';

/**
 * Numbers whose check is left to the library `stdnum`: those that hold no date, which it would compare with the clock,
 * and those whose two-digit year it never takes for one to come. Each was compared with the published formula.
 */
const NAMES = `
  ad.nrt al.nipt ar.cuit at.tin at.uid au.abn au.acn au.tfn be.vat bg.vat br.cnpj br.cpf by.unp ca.bn ca.sin ch.ssn
  ch.uid ch.vat cl.rut cn.uscc co.nit cy.vat cz.dic de.idnr de.svnr de.vat dk.cvr do.cedula do.rnc ec.ci ec.ruc ee.kmkr
  es.cif es.dni es.nie es.nif fi.alv fi.ytunnus fr.nif fr.nir fr.siren fr.tva gb.utr gb.vat gh.tin gr.vat gt.cui gt.nit
  hr.oib hu.anum ie.pps ie.vat il.idnr in.aadhaar in.epic in.gstin in.pan it.codicefiscale it.iva jp.cn kr.brn lt.pvm
  lu.tva lv.pvn ma.ice md.idno mk.edb mt.vat mx.clabe mx.curp mx.rfc my.nric nl.bsn nl.btw no.mva no.orgnr
  nz.ird pe.ruc pk.cnic pl.nip pl.regon pt.cc pt.nif py.ruc ro.cui rs.pib ru.inn se.orgnr se.vat sg.uen si.ddv th.idnr
  tr.tckimlik tr.vkn tw.natid tw.ubn tw.ui ua.edrpou ua.rntrc uy.cedula uy.rut ve.rif vn.mst za.idnr
`;

/** The library's checks that are used, by `country.number`. */
export const LIBRARY_CHECKS: Readonly<Record<string, IdCheck>> = Object.fromEntries(
  NAMES.trim()
    .split(/\s+/)
    .map((name) => [name, checkOf(name)]),
);

function checkOf(name: string): IdCheck {
  const [country = '', number = ''] = name.split('.');
  const found = stdnum[country.toUpperCase()]?.[number];
  if (!found) throw new Error(`the library stdnum has no ${name}`);
  return (text) => withoutTraces(() => found.validate(text).isValid);
}

/**
 * The library says no by making an Error, whose stack trace would cost ten times what the check does; and it throws for
 * some texts that are far from any number (the empty one), which is no as well.
 */
function withoutTraces(check: () => boolean): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return check();
  } catch {
    return false;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
