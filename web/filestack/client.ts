/** What a request needs to know of the client that the page made. */
import type { Grant, Hosts } from '../engine/types.ts';
import type { Client } from './types.ts';

/**
 * hosts reads the client's URLs, which pages override before or after they make a
 * picker. The client's own copy of the cloud's URL is corrected on the way.
 */
export function hosts({ session, cloud }: Client): Hosts {
  const { urls } = session;
  const trim = (url: string | undefined) => (url ?? '').replace(/\/+$/, '');
  if (cloud && urls.cloudApiUrl) cloud.cloudApiUrl = urls.cloudApiUrl;
  return {
    upload: trim(urls.uploadApiUrl),
    cloud: trim(urls.cloudApiUrl),
    cdn: trim(urls.cdnUrl),
    process: trim(urls.processUrl ?? urls.cdnUrl), // filestack-js 1.x has no processUrl
    api: trim(urls.fileApiUrl),
  };
}

export function grant({ session: { policy, signature } }: Client): Grant | undefined {
  return policy && signature ? { policy, signature } : undefined;
}
