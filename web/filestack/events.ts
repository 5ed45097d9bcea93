/** Tells a page's callbacks what an engine does. */
import type { EngineLike, Item } from '../engine/types.ts';
import { call } from './call.ts';
import { failure, isLocal, pickedFile, type Describe } from './files.ts';
import type { Client, Options, PickedFile, ProgressEvent } from './types.ts';

/** tell begins to call the callbacks of options, and returns how to stop. */
export function tell(engine: EngineLike, options: Options, client: Client, describe: () => Describe): () => void {
  const file = (item: Item): PickedFile => pickedFile(item, describe());
  const progress = progressOf(engine, options, file);
  const stops = [
    engine.on('start', (item) => {
      client.emit?.('upload.start');
      const token = isLocal(item)
        ? { pause: () => engine.pause(item.id), resume: () => engine.resume(item.id), cancel: () => engine.cancel(item.id) }
        : undefined;
      call('onFileUploadStarted', options.onFileUploadStarted, file(item), token);
    }),
    engine.on('progress', progress),
    engine.on('done', (item) => {
      progress(item);
      call('onFileUploadFinished', options.onFileUploadFinished, file(item));
    }),
    engine.on('failed', (item) => {
      const error = failure(item);
      client.emit?.('upload.error', error);
      call('onFileUploadFailed', options.onFileUploadFailed, file(item), error);
    }),
    engine.on('cancelled', (item) => call('onFileUploadCancel', options.onFileUploadCancel, file(item))),
    engine.on('change', retriesOf(engine, options)),
  ];
  return () => stops.forEach((stop) => stop());
}

/** progressOf reports the progress of local files, at most once in progressInterval, and always its end. */
function progressOf(engine: EngineLike, options: Options, file: (item: Item) => PickedFile): (item: Item) => void {
  const { progressInterval = 1000, onProgress } = options.uploadConfig ?? {};
  const last = new Map<string, { at: number; percent: number }>();
  let pane = -1;
  return (item) => {
    const all = engine.progress;
    const percent = all.size > 0 ? Math.floor((100 * all.sent) / all.size) : 0;
    if (percent !== pane) call('dropPane.onProgress', options.dropPane?.onProgress, pane = percent);
    if (!isLocal(item)) return;

    const event: ProgressEvent = {
      totalPercent: item.status === 'done' ? 100 : Math.floor((100 * item.sent) / Math.max(1, item.size)),
      totalBytes: item.sent,
    };
    const before = last.get(item.id);
    const soon = before && Date.now() - before.at < progressInterval;
    if (before && (before.percent === event.totalPercent || (soon && event.totalPercent < 100))) return;
    last.set(item.id, { at: Date.now(), percent: event.totalPercent });
    call('onFileUploadProgress', options.onFileUploadProgress, file(item), event);
    call('uploadConfig.onProgress', onProgress, event);
  };
}

/** retriesOf counts the tries of each file. */
function retriesOf(engine: EngineLike, { uploadConfig }: Options): (change: { ids: ReadonlySet<string> }) => void {
  const tries = new Map<string, { at: number; attempt: number }>();
  return ({ ids }) => {
    if (!uploadConfig?.onRetry) return;
    for (const id of ids) {
      const item = engine.get(id);
      const before = tries.get(id) ?? { at: 0, attempt: 0 };
      if (item?.status !== 'retrying' || !item.retryAt || item.retryAt === before.at) continue;
      const attempt = before.attempt + 1;
      tries.set(id, { at: item.retryAt, attempt });
      call('uploadConfig.onRetry', uploadConfig.onRetry, { filename: item.name, attempt });
    }
  };
}
