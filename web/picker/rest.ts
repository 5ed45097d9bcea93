/** The views that a picker needs only after its start: loaded while the person looks at that. */
import css from './rest.css';

export { workFrom } from '../image/index.ts';
export { Confirm } from './confirm.tsx';
export { Detail } from './detail.tsx';
export { explain } from './errors.ts';
export { FilesPanel } from './files.tsx';
export { Footer } from './footer.tsx';
export { CapturePanel, EditorPanel, isCapture } from './later.tsx';
export { LinkPanel } from './link.tsx';
export { Pane } from './pane.tsx';
export { PluginPanel } from './plugin.tsx';
export { ProblemPanel } from './problem.tsx';
export { Refused } from './refused.tsx';
export { css };
