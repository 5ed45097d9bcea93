/** The picker's rooms: sources at the side, a header, the panel, and a footer about the selection. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Chooser } from './chooser.tsx';
import { useKeptFocus } from './hooks.ts';
import { Icon, icons, sourceIcon } from './icons.tsx';
import { Loading } from './loading.tsx';
import { filesPanel, type Model } from './model.ts';
import { StartPanel } from './start.tsx';
import type { SourceEntry } from './types.ts';

export function Frame({ m }: { m: Model }): JSX.Element {
  const { state, rest } = m;
  const frame = useRef<HTMLDivElement>(null);
  useKeptFocus(frame);
  const editing = state.editing[0];
  const bare = state.problem || editing || state.sources.length < 2;
  return (
    <div ref={frame} class={`picker__frame fsp-modal ${bare ? 'picker__frame--bare' : ''}`} part="frame">
      <Header m={m} />
      {!bare && <Sources m={m} />}
      <div class="picker__body fsp-modal__body">
        <div class={`picker__content fsp-content ${state.panel === filesPanel ? 'fsp-content--selected-items' : ''}`} part="content">
          <Panel m={m} />
        </div>
        <Chooser m={m} />
        {rest && !state.problem && !editing && <rest.Refused m={m} />}
        {rest && !state.problem && !editing && <rest.Footer m={m} />}
      </div>
      <p class="picker__drop" aria-hidden="true"><Icon d={icons.upload} />{m.text.t('Drop your files anywhere')}</p>
      <p class="picker__unseen" role="status">{state.polite}</p>
      <p class="picker__unseen" role="alert">{state.urgent}</p>
    </div>
  );
}

function Panel({ m }: { m: Model }): JSX.Element {
  const { rest } = m;
  const { panel, sources, problem, editing: [editing] } = m.state;
  const source = sources.find((s) => s.name === panel);
  const files = panel === filesPanel && m.engine.items.length > 0;
  if (!problem && !editing && !files && !source?.plugin && (!source || panel === 'local_file_system')) return <StartPanel m={m} />;
  const { t } = m.text;
  if (!rest) return <Loading m={m} failed={m.state.broken ? t('An error occurred. Please try again.') : undefined} action={t('Try again')} onAction={() => void m.loadRest()} />;
  if (problem) return <rest.ProblemPanel m={m} problem={problem} />;
  if (editing) return <rest.EditorPanel key={editing} m={m} id={editing} />;
  if (files) return <rest.FilesPanel m={m} />;
  if (source?.plugin) return <rest.PluginPanel key={panel} m={m} plugin={source.plugin} />;
  if (panel === 'url') return <rest.LinkPanel m={m} />;
  if (rest.isCapture(panel)) return <rest.CapturePanel key={panel} m={m} kind={panel} />;
  return <StartPanel m={m} />;
}

function Sources({ m }: { m: Model }): JSX.Element {
  const { t } = m.text;
  return (
    <nav class="picker__sources fsp-modal__sidebar" part="sources" aria-label={t('Select From')}>
      <ul class="picker__source-list fsp-source-list">
        {m.state.sources.map((s) => <SourceButton key={s.name} m={m} source={s} />)}
      </ul>
    </nav>
  );
}

function SourceButton({ m, source }: { m: Model; source: SourceEntry }): JSX.Element {
  const active = m.state.panel === source.name;
  const label = m.text.t(source.label);
  const icon = source.plugin?.icon;
  return (
    <li>
      <button
        type="button" title={label} aria-current={active ? 'true' : undefined} onClick={() => m.show(source.name)}
        class={`picker__source fsp-source-list__item ${active ? 'picker__source--active fsp-source-list__item--active' : ''}`}
      >
        <span class={`picker__source-icon fsp-source-list__icon fsp-icon fsp-icon--${source.name}`}>
          {icon ? <PluginIcon icon={icon} /> : <Icon d={sourceIcon(source.name, !!source.plugin)} />}
        </span>
        <span class="picker__source-label fsp-source-list__label" title={label}>{label}</span>
      </button>
    </li>
  );
}

/** A page's own icon. As an image, its markup can run nothing. */
function PluginIcon({ icon }: { icon: string }): JSX.Element {
  const [src, setSrc] = useState(icon);
  useEffect(() => {
    if (!icon.trimStart().startsWith('<')) return setSrc(icon);
    const url = URL.createObjectURL(new Blob([icon], { type: 'image/svg+xml' }));
    setSrc(url);
    return () => URL.revokeObjectURL(url);
  }, [icon]);
  return <img class="picker__icon" src={src.trimStart().startsWith('<') ? undefined : src} alt="" />;
}

function Header({ m }: { m: Model }): JSX.Element {
  const { t } = m.text;
  const { panel, sources, editing, tiles, problem } = m.state;
  const source = sources.find((s) => s.name === panel);
  const files = panel === filesPanel && m.engine.items.length > 0;
  const title = editing.length > 0 ? t('Edit Image') : files ? t('Selected Files') : t((!problem && source?.label) || 'Select Files to Upload');
  return (
    <header class="picker__header fsp-header" part="header">
      <h2 class="picker__title fsp-header-text">{title}</h2>
      {files && !problem && editing.length === 0 && (
        <button
          type="button" class="picker__tool" aria-pressed={tiles} aria-label={t('Show as tiles')} title={t('Show as tiles')}
          onClick={() => m.set({ tiles: !tiles })}
        >
          <Icon d={tiles ? icons.list : icons.grid} />
        </button>
      )}
      {m.options.mode === 'overlay' && (
        <button
          type="button" class="picker__tool picker__close fsp-picker__close-button" part="close" aria-label={t('Close')}
          title={t('Click here or hit ESC to close picker')} onClick={() => m.leave()}
        >
          <Icon d={icons.close} class="fsp-icon--close-modal" />
        </button>
      )}
    </header>
  );
}
