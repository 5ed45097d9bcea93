/** What a problem means to a person, and what can be done about it. */
import type { Code, Problem, Settings } from '../engine/types.ts';
import type { Text } from './text.ts';

/** A problem in words. */
export interface Explanation {
  readonly what: string;
  /** What to do; empty where nothing helps. */
  readonly advice: string;
}

/**
 * Says what went wrong with the file called name. Texts of page code and of the
 * server come as they are; everything else is in the person's language.
 */
export function explain(text: Text, problem: Problem, settings: Settings, name = ''): Explanation {
  const { t } = text;
  const values = { name, displayName: name, code: problem.code, ...problem.values };
  const limits = {
    types: settings.accept.join(', '),
    roundFileSize: text.bytes(settings.maxSize),
    minFileSize: text.bytes(settings.minSize),
    maxFiles: settings.maxFiles,
    count: settings.maxFiles,
    filesText: t('files', { count: settings.maxFiles }),
  };
  const all = { ...limits, ...values };
  const [what, advice] = table(t, all)[problem.code]();
  if (problem.code === 'refused' && problem.detail) return { what: problem.detail, advice: '' };
  return { what, advice };
}

type Row = () => [what: string, advice: string];

/** One row for each code; the compiler misses none. */
const table = (t: Text['t'], v: Readonly<Record<string, string | number>>): Record<Code, Row> => ({
  'type': () => [t('File {displayName} is not an accepted file type. The accepted file types are {types}', v), ''],
  'size-max': () => [t('File {displayName} is too big. The accepted file size is less than {roundFileSize}', v), ''],
  'size-min': () => [t('File {displayName} is too small. It must have at least {minFileSize}.', v), ''],
  'count-max': () => [t('Our file upload limit is {maxFiles} {filesText}', v), 'chosen' in v ? t('Choose fewer files at once.') : t('Remove a file to add another one.')],
  'busy': () => [t('{name} is still being uploaded.', v), t('Wait until that is done, or cancel it first.')],
  'folder': () => [t('Folders cannot be uploaded here.'), t('Choose the files inside the folder.')],
  'refused': () => [t('File {displayName} is not accepted here.', v), ''],
  'duplicate': () => [t('File {displayName} was chosen already.', v), ''],
  'image-min': () => [t('Image {displayName} has only {size} pixels. It must have at least {limit}.', v), ''],
  'image-max': () => [t('Image {displayName} has {size} pixels. It must have at most {limit}.', v), ''],
  'empty': () => [t('File {displayName} is empty.', v), ''],

  'key-unknown': () => [t('This page uses an API key that the server does not know.'), t('Ask the owner of this page to check the API key.')],
  'security-required': () => [t('Uploading needs a signed policy, and this page has none.'), t('Ask the owner of this page to pass a policy and its signature.')],
  'policy-expired': () => [t('The permission to upload has expired.'), t('Reload the page and try again.')],
  'policy-call': () => [t('The policy of this page does not allow uploading.'), t('Ask the owner of this page to allow the call “pick” in the policy.')],
  'policy-limit': () => [t('The policy of this page does not allow the file {displayName}.', v), t('Choose another file.')],
  'signature': () => [t('The signature of this page does not match its policy.'), t('Ask the owner of this page to sign the policy with the secret of this app.')],
  'origin': () => [t('This site may not upload here.'), t('Ask the owner of this page to add the site to the allowed origins.')],
  'app-disabled': () => [t('Uploading is switched off for this app.'), t('Ask the owner of this page.')],
  'quota': () => [t('The storage of this app is full.'), t('Ask the owner of this page for more space.')],

  'network': () => [t('The server cannot be reached.'), t('Check your connection and try again.')],
  'offline': () => [t('Connection Lost'), t('Uploading goes on by itself when you are back online.')],
  'timeout': () => [t('The server did not answer in time.'), t('Check your connection and try again.')],
  'server': () => [t('The server has a problem.'), t('Try again in a moment.')],
  'gone': () => [t('This upload was begun too long ago.'), t('Try again to send the file from its start.')],
  'file-changed': () => [t('The file has changed since it was chosen.'), t('Choose the file again.')],
  'file-unreadable': () => [t('The file cannot be read.'), t('Check that it still exists, then choose it again.')],
  'checksum': () => [t('The file was damaged on its way.'), t('Try again.')],
  'content': () => [t('The server does not accept what is in this file.'), t('Choose another file.')],
  'cancelled': () => [t('Cancelled'), ''],
  'link-invalid': () => [t('This is not the address of a file.'), t('Enter an address that begins with https://')],
  'link-unreachable': () => [t('The server cannot fetch this address.'), t('Check that the address opens without signing in.')],
});
