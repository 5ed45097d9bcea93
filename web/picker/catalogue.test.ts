import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Catalogue } from './text.ts';
import { languages } from './text.ts';

const root = process.cwd();
const read = (lang: string) => JSON.parse(readFileSync(join(root, 'picker/locales', `${lang}.json`), 'utf8')) as Catalogue;

/** The sources that say something to people. */
const sources = ['picker', 'elements'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !/\.test\.|testing/.test(name))
  .map((name) => ({ name, text: readFileSync(join(root, folder, name), 'utf8') })));

/** Every first argument of t: it must be a literal, to be found here and by translators. */
const said = sources.flatMap(({ text }) => [...text.matchAll(/\bt\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].map(([, , key = '']) => key.replaceAll("\\'", "'")));

/** Labels of sources, which faces name. */
const labels = ['My Device', 'Link (URL)', 'Take Photo', 'Record Video', 'Record Audio', 'Record Screen', 'Web Search', 'Custom Source'];

/** What other languages say as English does. */
const alike: Readonly<Record<string, string>> = {
  'Camera': 'nl', 'Link (URL)': 'da de it nl pl pt', 'Rectangle': 'ca fr', 'Stop': 'da', 'Upload': 'da', 'Zoom': 'ca da de es fr it nl no pt sv',
};

const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();
const english = read('en');
const keys = new Set([...said, ...labels]);

test('the sources have texts', () => {
  assert.ok(keys.size > 100, `only ${keys.size} keys were found`);
});

test('every use of t names its text', () => {
  for (const { name, text } of sources) {
    for (const [call] of text.matchAll(/\bt\(\s*[^'"`)\s].{0,40}/g)) {
      assert.match(call, /^t\((source\.label|\(!problem && source\?\.label\) \|\| 'Select)/, `${name}: no literal`);
    }
  }
});

test('English has a form for each plural, and nothing else', () => {
  for (const key of Object.keys(english)) assert.ok(keys.has(key), `en: nobody says ${JSON.stringify(key)}`);
  for (const key of keys) if (key.includes('{count}')) assert.ok(english[key], `en: ${JSON.stringify(key)} has no plural forms`);
});

for (const lang of languages) {
  test(`the catalogue ${lang}`, () => {
    const catalogue = read(lang);
    const forms = new Intl.PluralRules(lang).resolvedOptions().pluralCategories;
    if (lang !== 'en') {
      for (const key of keys) assert.ok(catalogue[key], `${lang}: ${JSON.stringify(key)} is missing`);
      for (const key of Object.keys(catalogue)) assert.ok(keys.has(key), `${lang}: nobody says ${JSON.stringify(key)}`);
    }
    for (const [key, text] of Object.entries(catalogue)) {
      const own = english[key] ?? key;
      const wanted = placeholders(typeof own === 'string' ? own : own.other ?? '');
      assert.equal(typeof text === 'string', typeof own === 'string', `${lang}: ${JSON.stringify(key)}: plural forms`);
      for (const one of typeof text === 'string' ? [text] : Object.values(text)) {
        // "one file" may do without its number.
        const missing = placeholders(one).length < wanted.length && typeof text !== 'string' ? wanted.filter((p) => p !== '{count}') : wanted;
        assert.deepEqual(placeholders(one), missing, `${lang}: ${JSON.stringify(key)}: ${JSON.stringify(one)}`);
        assert.equal(one, one.trim(), `${lang}: ${JSON.stringify(key)}: spaces`);
        if (lang !== 'en') assert.equal(one === key, !!alike[key]?.split(' ').includes(lang), `${lang}: ${JSON.stringify(key)}: as in English`);
      }
      if (typeof text !== 'string') assert.deepEqual(Object.keys(text).sort(), [...forms].sort(), `${lang}: ${JSON.stringify(key)}: forms`);
    }
  });
}
