/** What scripts add to the portal's pages, which work without them. */
import './copy.ts';
import './files.ts';
import './meaning.ts';
import './passkey.ts';
import './refusals.ts';
