/** The picker's rooms: sources at the side, a header, the panel, and a footer about the selection. */
import type { JSX } from 'preact';
import { Chooser } from './chooser.tsx';
import { explain } from './errors.ts';
import { FilesPanel } from './files.tsx';
import { Footer } from './footer.tsx';
import { Icon, sourceIcon } from './icons.tsx';
import { EditorPanel, CapturePanel, isCapture } from './later.tsx';
import { LinkPanel } from './link.tsx';
import { filesPanel, type Model } from './model.ts';
import { PluginPanel } from './plugin.tsx';
import { Refused } from './refused.tsx';
import { StartPanel } from './start.tsx';
import type { SourceEntry } from './types.ts';

export function Frame({ m }: { m: Model }): JSX.Element {
  const { state } = m;
  const editing = state.editing[0];
  const bare = state.problem || editing || state.sources.length < 2;
  return (
    <div class={`picker__frame fsp-modal ${bare ? 'picker__frame--bare' : ''}`} part="frame">
      <Header m={m} />
      {!bare && <Sources m={m} />}
      <div class="picker__body fsp-modal__body">
        <div class={`picker__content fsp-content ${state.panel === filesPanel ? 'fsp-content--selected-items' : ''}`} part="content">
          {state.problem ? <ProblemPanel m={m} /> : editing ? <EditorPanel key={editing} m={m} id={editing} /> : <Panel m={m} />}
        </div>
        <Chooser m={m} />
        {!state.problem && !editing && <Refused m={m} />}
        {!state.problem && !editing && <Footer m={m} />}
      </div>
      <p class="picker__drop" aria-hidden="true"><Icon name="upload" />{m.text.t('Drop your files anywhere')}</p>
      <p class="picker__unseen" role="status">{state.polite}</p>
      <p class="picker__unseen" role="alert">{state.urgent}</p>
    </div>
  );
}

function Panel({ m }: { m: Model }): JSX.Element {
  const { panel, sources } = m.state;
  const source = sources.find((s) => s.name === panel);
  if (panel === filesPanel && m.engine.items.length > 0) return <FilesPanel m={m} />;
  if (source?.plugin) return <PluginPanel key={panel} m={m} plugin={source.plugin} />;
  if (panel === 'url') return <LinkPanel m={m} />;
  if (isCapture(panel)) return <CapturePanel key={panel} m={m} kind={panel} />;
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
  return (
    <li>
      <button
        type="button" title={label} aria-current={active ? 'true' : undefined} onClick={() => m.show(source.name)}
        class={`picker__source fsp-source-list__item ${active ? 'picker__source--active fsp-source-list__item--active' : ''}`}
      >
        <span class={`picker__source-icon fsp-source-list__icon fsp-icon fsp-icon--${source.name}`}><Icon name={sourceIcon(source.name, !!source.plugin)} /></span>
        <span class="picker__source-label fsp-source-list__label" title={label}>{label}</span>
      </button>
    </li>
  );
}

function Header({ m }: { m: Model }): JSX.Element {
  const { t } = m.text;
  const { panel, sources, editing, tiles, problem } = m.state;
  const source = sources.find((s) => s.name === panel);
  const files = panel === filesPanel && m.engine.items.length > 0;
  const title = editing.length > 0 ? t('Edit Image') : files ? t('Selected Files') : t(source?.label ?? 'Select Files to Upload');
  return (
    <header class="picker__header fsp-header" part="header">
      <h2 class="picker__title fsp-header-text">{title}</h2>
      {files && !problem && editing.length === 0 && (
        <button
          type="button" class="picker__tool" aria-pressed={tiles} aria-label={t('Show as tiles')} title={t('Show as tiles')}
          onClick={() => m.set({ tiles: !tiles })}
        >
          <Icon name={tiles ? 'list' : 'grid'} />
        </button>
      )}
      {m.options.mode === 'overlay' && (
        <button
          type="button" class="picker__tool picker__close fsp-picker__close-button" part="close" aria-label={t('Close')}
          title="Click here or hit ESC to close picker" onClick={() => m.leave()}
        >
          <Icon name="close" class="fsp-icon--close-modal" />
        </button>
      )}
    </header>
  );
}

/** The page's set-up lets nobody upload: says why, and who can mend it. */
function ProblemPanel({ m }: { m: Model }): JSX.Element | null {
  const { problem } = m.state;
  if (!problem) return null;
  const { t } = m.text;
  const { what, advice } = explain(m.text, problem, m.engine.settings);
  const email = m.options.supportEmail;
  return (
    <div class="picker__problem" part="problem" role="alert">
      <Icon name="warning" class="picker__problem-icon" />
      <h3 class="picker__problem-title">{what}</h3>
      <p>{advice}</p>
      {email && <p><a href={`mailto:${email}`}>{email}</a></p>}
      <p class="picker__code">{problem.code}{problem.request && ` · ${problem.request}`}</p>
      {problem.again && <button type="button" class="picker__button" onClick={() => void m.check()}>{t('Try again')}</button>}
    </div>
  );
}
