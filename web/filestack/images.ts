/** The images that picker.crop is given. */
import type { Candidate } from '../engine/types.ts';
import { grant, hosts } from './client.ts';
import type { Client } from './types.ts';

/**
 * image makes a candidate of a file, or of a URL. The server fetches the URL, so
 * that neither its host nor this browser needs to allow anything; files of this
 * server are read with the page's policy.
 */
export async function image(client: Client, file: Blob | string): Promise<Candidate> {
  if (typeof file !== 'string') return { blob: file };
  const { cdn } = hosts(client);
  const given = grant(client);
  let url = `${cdn}/${client.session.apikey}/${given ? `security=policy:"${given.policy}",signature:${given.signature}/` : ''}"${file}"`;
  if (file.startsWith(`${cdn}/`)) url = given ? `${file}${file.includes('?') ? '&' : '?'}${new URLSearchParams({ ...given })}` : file;
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`Stowgate picker: cannot read ${file} to crop it: the server answered ${answer.status}`);
  const name = decodeURIComponent(new URL(file, location.href).pathname.split('/').pop() ?? '');
  return { blob: await answer.blob(), name: name || 'image', path: file, source: 'url' };
}
