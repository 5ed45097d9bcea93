/** What can be told from a file alone. */
import type { Item } from '../engine/types.ts';
import type { Editing } from './types.ts';

/** Whether its upload was begun and has not ended. */
export function running(item: Item): boolean {
  return active.has(item.status);
}
const active = new Set<Item['status']>(['waiting', 'preparing', 'uploading', 'paused', 'offline', 'retrying']);

/** Whether the editor can open it; animations and drawings would lose what makes them so. */
export function editable(item: Item): boolean {
  return item.type.startsWith('image/') && !/gif|svg/.test(item.type) && !item.folder;
}

/** Whether it cannot be sent before it was edited. */
export function mustEdit(item: Item, editing: Editing | undefined): boolean {
  return !!editing?.force && item.type.startsWith('image/') && !item.edit && item.status === 'ready';
}
