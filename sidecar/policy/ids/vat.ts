import { BIRTH_NUMBERS_EUROPE } from './birth-numbers-europe.js';
import { LIBRARY_CHECKS } from './library.js';
import type { IdCheck } from './weights.js';

/** VAT numbers as written across borders, with the letters of their country in front. */
export const VAT_NUMBERS: Readonly<Record<string, IdCheck>> = {
  vat: (text) => BY_COUNTRY[text.slice(0, 2)]?.(text.slice(2)) ?? false,
  // Swiss, with the word for the tax behind it and without CHE.
  'ch.mwst': (text) => library('ch.vat')(`CHE${text}`),
};

/** Directive 2006/112/EC, article 215, and Australia; Greece writes EL, Northern Ireland XI. Persons have the number that they had before. */
const BY_COUNTRY: Readonly<Record<string, IdCheck>> = {
  AT: library('at.uid'),
  AU: library('au.abn'),
  BE: (text) => /^[01]/.test(text) && library('be.vat')(text),
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
  PL: library('pl.nip'),
  PT: library('pt.nif'),
  RO: library('ro.cui'),
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
