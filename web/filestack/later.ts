/** What few picks need: a chunk of its own. */
export { advise } from './advice.ts';
export { image } from './images.ts';
export { mimeFromExtension, mimeFromMagicBytes } from './mime.ts';
