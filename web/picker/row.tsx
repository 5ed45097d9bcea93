/** One file of the selection. */
import type { CSSProperties, JSX, TargetedMouseEvent } from 'preact';
import type { Item } from '../engine/types.ts';
import { chooseFiles } from './chooser.tsx';
import { explain } from './errors.ts';
import { useSeconds } from './hooks.ts';
import { Icon } from './icons.tsx';
import { editable, mustEdit, running } from './item.ts';
import type { Model } from './model.ts';
import { strokes, type IconName } from './strokes.ts';
import { Thumbnail, type Pictures } from './thumbnail.tsx';

interface Props {
  readonly m: Model;
  readonly pictures: Pictures;
  readonly item: Item;
  readonly index: number;
  /** Whether Tab reaches it. */
  readonly current: boolean;
  readonly style: CSSProperties;
  readonly onFocus: () => void;
  readonly onRemove: () => void;
}

export function Row({ m, pictures, item, index, current, style, onFocus, onRemove }: Props): JSX.Element {
  const { t } = m.text;
  const dot = item.name.lastIndexOf('.');
  const cut = dot > 0 && item.name.length - dot < 8 ? dot : item.name.length;
  return (
    <div
      class={`picker__file picker__file--${item.status} fsp-summary__item fsp-grid__cell`} part="file" role="row" aria-rowindex={index + 1}
      data-index={index} tabIndex={current ? 0 : -1} style={style} onFocusCapture={onFocus}
    >
      <div class="picker__file-main" role="gridcell">
        <Thumbnail m={m} pictures={pictures} item={item} />
        <div class="picker__file-text">
          <div class="picker__file-name fsp-summary__item-name" title={item.path || item.name}>
            <bdi class="picker__file-title"><span class="picker__file-stem">{item.name.slice(0, cut)}</span><span>{item.name.slice(cut)}</span></bdi>
          </div>
          <Facts m={m} item={item} />
          {running(item) && (
            <progress
              class="picker__progress fsp-summary__item-progress" aria-label={t('Progress of {name}', { name: item.name })}
              max={1} value={item.size > 0 ? Math.min(1, item.sent / item.size) : item.status === 'uploading' ? undefined : 0}
            />
          )}
        </div>
      </div>
      <div class="picker__file-actions fsp-summary__actions-container" role="gridcell">
        <Actions m={m} item={item} current={current} onRemove={onRemove} />
      </div>
    </div>
  );
}

/** What there is to know about the file now, in one line. */
function Facts({ m, item }: { m: Model; item: Item }): JSX.Element {
  const { t, bytes, speed, duration } = m.text;
  useSeconds(item.status === 'retrying');
  const facts: (string | false)[] = [];
  const size = item.size >= 0 && !item.folder && bytes(item.size);
  switch (item.status) {
    case 'uploading':
      facts.push(
        item.size > 0 ? t('{sent} of {size}', { sent: bytes(item.sent), size: bytes(item.size) }) : t('Uploading'),
        item.speed > 0 && speed(item.speed),
        Number.isFinite(item.left) && t('{time} left', { time: duration(item.left) }),
      );
      break;
    case 'retrying':
      facts.push(t('Retrying in {time}', { time: duration(((item.retryAt ?? 0) - Date.now()) / 1000) }));
      break;
    case 'failed': {
      const { what, advice } = item.problem ? explain(m.text, item.problem, m.engine.settings, item.name) : { what: t('Failed While Uploading'), advice: '' };
      facts.push(what, advice);
      break;
    }
    case 'done':
      facts.push(size, item.verified ? t('Checksum verified') : t('Uploaded'));
      break;
    default: {
      const told = item.folder ? t('Empty folder') : mustEdit(item, m.options.editing)
        ? editable(item) ? t('Crop is required on images') : t('This image cannot be edited') : words(item, t);
      facts.push(size, told, item.edit ? t('Edited') : false, item.twin ? t('Chosen twice') : false);
    }
  }
  return (
    <div class="picker__file-facts fsp-summary__size" title={item.problem && [item.problem.code, item.problem.request].filter(Boolean).join(' · ')}>
      {item.status === 'done' && <Icon d={item.verified ? strokes.verified : strokes.done} />}
      {item.status === 'failed' && <Icon d={strokes.warning} />}
      {facts.filter((f) => f).map((f, i) => <span key={i} class="picker__fact">{f}</span>)}
    </div>
  );
}

function words({ status }: Item, t: Model['text']['t']): string {
  switch (status) {
    case 'checking': return t('Checking');
    case 'waiting': return t('Waiting');
    case 'preparing': return t('Preparing');
    case 'paused': return t('Paused');
    case 'offline': return t('Connection Lost');
    case 'missing': return t('Choose this file again to continue');
    case 'cancelled': return t('Cancelled');
    default: return '';
  }
}

function Actions({ m, item, current, onRemove }: { m: Model; item: Item; current: boolean; onRemove: () => void }): JSX.Element {
  const { t } = m.text;
  const { engine } = m;
  const { id, name, status } = item;
  const button = (icon: IconName, label: string, act: (e: TargetedMouseEvent<HTMLButtonElement>) => void, extra = '') => (
    <button type="button" key={icon} class={`picker__tool ${extra}`} tabIndex={current ? 0 : -1} aria-label={label} title={label} onClick={act}>
      <Icon d={strokes[icon]} />
    </button>
  );
  const ready = status === 'ready';
  const sent = status === 'uploading' || status === 'preparing' || status === 'waiting';
  return (
    <>
      {ready && m.options.editing && editable(item) && button('edit', t('Edit {name}', { name }), () => m.edit([id]), 'fsp-summary__action--edit')}
      {ready && !item.folder && button('rename', t('Name and description of {name}', { name }), () => m.set({ detail: id }))}
      {sent && !item.link && button('pause', t('Pause {name}', { name }), () => engine.pause(id))}
      {status === 'paused' && button('play', t('Resume {name}', { name }), () => engine.resume(id))}
      {status === 'retrying' && button('retry', t('Try now'), () => engine.retry(id))}
      {(status === 'cancelled' || (status === 'failed' && item.problem?.again !== false)) && button('retry', t('Try {name} again', { name }), () => engine.retry(id))}
      {status === 'missing' && button('folder', t('Choose {name} again', { name }), (e) => void chooseFiles(m, e.currentTarget))}
      {status !== 'done' && button(
        running(item) ? 'close' : 'remove', running(item) ? t('Cancel {name}', { name }) : t('Remove {name}', { name }),
        () => {
          m.remove(item);
          onRemove();
        },
        'fsp-summary__action--remove',
      )}
    </>
  );
}
