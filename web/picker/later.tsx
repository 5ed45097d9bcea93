/** Panels whose code is loaded when they are first shown. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Item } from '../engine/types.ts';
import { useChunk } from './hooks.ts';
import { editable } from './item.ts';
import { filesPanel, type Model } from './model.ts';

const captures = ['webcam', 'video', 'audio', 'screen'] as const;
type Capture = typeof captures[number];

/** Whether a source is one of the devices. */
export function isCapture(panel: string): panel is Capture {
  return captures.some((c) => c === panel);
}

/** Takes a photo, or records. */
export function CapturePanel({ m, kind }: { m: Model; kind: Capture }): JSX.Element {
  const chunk = useChunk(() => import('./capture/capture.tsx'));
  if (!chunk || chunk instanceof Error) return <Loading m={m} failed={!!chunk} />;
  const taken = (blob: Blob, name: string) => void m.add([{ blob, name, path: name, source: kind }]);
  return <chunk.Capture kind={kind} size={m.options.videoSize} t={m.text.t} onTaken={taken} />;
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
  if (!chunk || !bytes || failed) return <Loading m={m} failed={failed} uneditable onBack={() => m.edited()} />;
  return <chunk.Editor blob={bytes} name={item.name} editing={editing} t={m.text.t} onDone={(blob, edit) => m.edited(blob, edit)} onCancel={() => m.edited()} />;
}

/** What the person chose; the server reads a link, which this page may not. */
async function imageOf(m: Model, id: string): Promise<Blob> {
  const item = m.engine.get(id) as Item;
  const blob = item.original ?? item.blob;
  if (blob) return blob;
  const { apiKey, hosts, grant } = m.engine.settings;
  const signed = grant();
  const security = signed ? `security=p:${signed.policy},s:${signed.signature}/` : '';
  const answer = await fetch(`${hosts().cdn}/${apiKey}/${security}${item.link?.url ?? ''}`);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.blob();
}

interface LoadingProps {
  readonly m: Model;
  readonly failed: boolean;
  readonly uneditable?: boolean;
  readonly onBack?: () => void;
}

function Loading({ m, failed, uneditable, onBack }: LoadingProps): JSX.Element {
  const { t } = m.text;
  const [late, setLate] = useState(false);
  // A short wait shows nothing, which is calmer.
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="picker__loading">
      {!failed && late && <span class="picker__spinner" role="img" aria-label={t('Loading')} />}
      {failed && <p role="alert">{uneditable ? t('This image cannot be edited') : t('An error occurred. Please try again.')}</p>}
      {failed && <button type="button" class="picker__button" onClick={onBack ?? (() => m.show(filesPanel))}>{t('Go back')}</button>}
    </div>
  );
}
