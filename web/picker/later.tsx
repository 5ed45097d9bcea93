/** Panels whose code is loaded when they are first shown. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Item } from '../engine/types.ts';
import { nameFor } from '../image/index.ts';
import { useChunk } from './hooks.ts';
import { editable } from './item.ts';
import { Loading } from './loading.tsx';
import type { Model } from './model.ts';

const captures = ['webcam', 'video', 'audio', 'screen'] as const;
type Capture = typeof captures[number];

/** Whether a source is one of the devices. */
export function isCapture(panel: string): panel is Capture {
  return captures.some((c) => c === panel);
}

/** Takes a photo, or records. */
export function CapturePanel({ m, kind }: { m: Model; kind: Capture }): JSX.Element {
  const chunk = useChunk(() => import('./capture/capture.tsx'));
  const { t } = m.text;
  if (!chunk || chunk instanceof Error) {
    return <Loading m={m} failed={chunk && t('An error occurred. Please try again.')} action={t('Go back')} onAction={() => m.back()} />;
  }
  const taken = (blob: Blob, name: string) => void m.add([{ blob, name, path: name, source: kind }]);
  return <div class="picker__later"><chunk.Capture kind={kind} size={m.options.videoSize} t={t} onTaken={taken} /></div>;
}

/** Edits an image of the selection. */
export function EditorPanel({ m, id }: { m: Model; id: string }): JSX.Element | null {
  const chunk = useChunk(() => import('./editor/editor.tsx'));
  const bytes = useChunk(() => imageOf(m, id));
  const item = m.engine.get(id);
  const { editing } = m.options;
  useEffect(() => {
    if (!item || !editing) m.edited();
  }, [item === undefined]);
  if (!item || !editing) return null;
  const failed = chunk instanceof Error || bytes instanceof Error || !editable(item);
  const { t } = m.text;
  if (!chunk || !bytes || failed) {
    return <Loading m={m} failed={failed ? t('This image cannot be edited') : undefined} action={t('Go back')} onAction={() => m.edited()} />;
  }
  return (
    <div class="picker__later">
      <chunk.Editor
        blob={bytes} name={item.name} editing={editing} edit={item.edit} t={t} onCancel={() => m.edited()}
        onDone={(blob, edit) => {
          m.engine.rename(id, nameFor(item.name, item.blob ?? bytes, blob));
          m.edited(blob, edit);
        }}
      />
    </div>
  );
}

/** What the person chose; the server reads a link, which this page may not. */
async function imageOf(m: Model, id: string): Promise<Blob> {
  const item = m.engine.get(id) as Item;
  const blob = item.original ?? (item.link ? undefined : item.blob);
  if (blob) return blob;
  const { apiKey, hosts, grant } = m.engine.settings;
  const signed = grant();
  const security = signed ? `security=p:${signed.policy},s:${signed.signature}/` : '';
  const answer = await fetch(`${hosts().cdn}/${apiKey}/${security}${item.link?.url ?? ''}`);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.blob();
}
