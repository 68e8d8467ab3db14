import { BIRTH_NUMBERS_EUROPE } from './birth-numbers-europe.js';
import { LIBRARY_CHECKS } from './library.js';
import type { IdCheck } from './weights.js';

/** VAT numbers as written across borders, with the letters of their country in front. */
export const VAT_NUMBERS: Readonly<Record<string, IdCheck>> = {
  vat: (text) => BY_COUNTRY[text.slice(0, 2)]?.(text.slice(2)) ?? false,
  // The Swiss business number without CHE, as eCH-0097 keeps it.
  'ch.uid9': (text) => library('ch.uid')(`CHE${text}`),
  // The same with the word for the tax behind it.
  'ch.mwst': (text) => library('ch.vat')(`CHE${text}`),
};

/**
 * Directive 2006/112/EC, article 215, and countries beyond that write their tax numbers so; Greece writes EL, Northern Ireland
 * XI, Monaco FR. Persons have the number that they had before.
 */
const BY_COUNTRY: Readonly<Record<string, IdCheck>> = {
  AD: library('ad.nrt'),
  AT: library('at.uid'),
  AU: library('au.abn'),
  BE: (text) => /^(?:[01]\d)?\d{8}|^\d{9}$/.test(text) && library('be.vat')(text.padStart(10, '0')),
  BG: library('bg.vat'),
  CY: library('cy.vat'),
  CZ: (text) => (/^(?:\d{8}|6\d{8})$/.test(text) ? library('cz.dic')(text) : isCzechPerson(text)),
  DE: library('de.vat'),
  DK: library('dk.cvr'),
  EE: library('ee.kmkr'),
  EL: library('gr.vat'),
  ES: library('es.nif'),
  FI: library('fi.alv'),
  FR: library('fr.tva'),
  GB: library('gb.vat'),
  GR: library('gr.vat'),
  HR: library('hr.oib'),
  HU: library('hu.anum'),
  IE: library('ie.vat'),
  IT: library('it.iva'),
  LT: library('lt.pvm'),
  LU: library('lu.tva'),
  LV: (text) => (/^[4-9]/.test(text) ? library('lv.pvn')(text) : person('lv.pk')(text)),
  MT: library('mt.vat'),
  NL: library('nl.btw'),
  NO: (text) => library('no.orgnr')(text.replace(/MVA$/, '')),
  PL: library('pl.nip'),
  PT: library('pt.nif'),
  RO: library('ro.cui'),
  RS: library('rs.pib'),
  RU: library('ru.inn'),
  SE: library('se.vat'),
  SI: library('si.ddv'),
  SK: (text) => (/^[1-9]\d[2-47-9]\d{7}$/.test(text) && Number(text) % 11 === 0) || isCzechPerson(text),
  XI: library('gb.vat'),
};

function isCzechPerson(text: string): boolean {
  return person('cz.rc')(text) || person('cz.rc9')(text);
}

function library(name: string): IdCheck {
  return LIBRARY_CHECKS[name] as IdCheck;
}

function person(name: string): IdCheck {
  return BIRTH_NUMBERS_EUROPE[name] as IdCheck;
}
