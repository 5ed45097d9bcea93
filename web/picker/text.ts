/**
 * Texts in the person's language. The key of a text is its English wording, as
 * in gettext; a catalogue maps it to another text, or to one for each plural form.
 */
import english from './locales/en.json';

/** The languages that have a catalogue. Source: Filestack documentation, "lang". */
export const languages = [
  'ca', 'da', 'de', 'en', 'es', 'fr', 'he', 'it', 'ja', 'ko', 'nl', 'no', 'pl', 'pt', 'sv', 'ru', 'vi', 'zh', 'tr', 'ar',
] as const;

/** What replaces the names in braces; count also chooses the plural form. */
export type Values = Readonly<Record<string, string | number>>;

/** Gives the text of an English key. Numbers are written as the language writes them. */
export type Translate = (key: string, values?: Values) => string;

/** Key to text, or to a text for each of the language's plural forms. */
export type Catalogue = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** Everything that depends on the language. */
export interface Text {
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
  readonly t: Translate;
  number(n: number): string;
  /** "3.4 MB" */
  bytes(n: number): string;
  /** "1.2 MB/s" */
  speed(bytesPerSecond: number): string;
  /** "45%" of a share from 0 to 1. */
  percent(share: number): string;
  /** "2 min, 5 sec" */
  duration(seconds: number): string;
}

/** The English text, which needs no loading. */
export function englishText(custom?: Readonly<Record<string, string>>): Text {
  return makeText('en', {}, custom);
}

/** Loads the language, or English where it is unknown or cannot be loaded. */
export async function loadText(lang: string, custom?: Readonly<Record<string, string>>): Promise<Text> {
  const known = languages.find((l) => l === lang.toLowerCase().split('-')[0]);
  if (!known || known === 'en') return englishText(custom);
  try {
    const loaded = await import(`./locales/${known}.json`, { with: { type: 'json' } }) as { default: Catalogue };
    return makeText(known, loaded.default, custom);
  } catch {
    return englishText(custom);
  }
}

/** Exported for tests; others use loadText. */
export function makeText(lang: string, catalogue: Catalogue, custom: Readonly<Record<string, string>> = {}): Text {
  const plurals = new Intl.PluralRules(lang);
  const numbers = new Intl.NumberFormat(lang);
  const list = new Intl.ListFormat(lang, { type: 'unit', style: 'narrow' });
  const shares = new Intl.NumberFormat(lang, { style: 'percent' });
  const units = new Map<string, Intl.NumberFormat>();
  const dir = lang === 'he' || lang === 'ar' ? 'rtl' : 'ltr';
  // Names and types are mostly Latin: kept together, they cannot turn the sentence around them.
  const apart = (value: string) => (dir === 'rtl' ? `\u2068${value}\u2069` : value);

  const unit = (n: number, name: string, digits = 0) => {
    const key = `${name}${digits}`;
    let format = units.get(key);
    if (!format) {
      format = new Intl.NumberFormat(lang, { style: 'unit', unit: name, unitDisplay: name.startsWith('byte') ? 'long' : 'short', maximumFractionDigits: digits });
      units.set(key, format);
    }
    return format.format(n);
  };
  const scaled = (n: number, suffix: string) => {
    // Pages write their limits in powers of 1,024.
    const step = Math.min(scales.length - 1, n < 1000 ? 0 : Math.floor(Math.log2(n * 1.024) / 10));
    const value = n / 1024 ** step;
    return unit(value, scales[step] + suffix, value < 100 && step > 0 ? 1 : 0);
  };

  return {
    lang,
    dir,
    t: (key, values = {}) => {
      const found = customised(custom, key) ?? catalogue[key] ?? (english as Catalogue)[key] ?? key;
      const text = typeof found === 'string' ? found : found[plurals.select(Number(values.count))] ?? found.other ?? key;
      return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
        const value = values[name];
        return value === undefined ? whole : typeof value === 'number' ? numbers.format(value) : apart(value);
      });
    },
    number: (n) => numbers.format(n),
    bytes: (n) => scaled(n, ''),
    speed: (n) => scaled(n, '-per-second'),
    percent: (share) => shares.format(share),
    duration: (seconds) => {
      const s = Math.max(0, Math.round(seconds));
      if (s < 60) return unit(s, 'second');
      if (s < 600) return list.format([unit(Math.floor(s / 60), 'minute'), unit(s % 60, 'second')]);
      if (s < 3600) return unit(Math.round(s / 60), 'minute');
      return list.format([unit(Math.floor(s / 3600), 'hour'), unit(Math.floor(s / 60) % 60, 'minute')]);
    },
  };
}

const scales = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

/** A page's own wording. Filestack's "Retrying in" stands before the time; here the time has its place in the text. */
function customised(custom: Readonly<Record<string, string>>, key: string): string | undefined {
  if (key === 'Retrying in {time}' && custom['Retrying in']) return `${custom['Retrying in']} {time}`;
  return custom[key];
}
