/** The engine: a selection of files, and their way to a Stowgate server. */
export { Engine, type Surroundings } from './engine.ts';
export { accepts, typeOf } from './accept.ts';
export { hash } from './hash.ts';
export { problem, problemOf, Refusal } from './problem.ts';
export { unfinished } from './selection.ts';
export { Slices } from './slices.ts';
export type * from './types.ts';
