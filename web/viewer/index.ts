/**
 * The script of the viewer's page. The server writes the page: what it shows is
 * in data attributes of its body. Without this script pictures, sound and
 * moving pictures are shown all the same.
 */
import { showDocument } from './document.ts';
import { notice, reason, type Subject } from './subject.ts';
import { showText } from './text.ts';
import { zoomable } from './zoom.ts';

function start(): void {
  const main = document.querySelector<HTMLElement>('.viewer__main');
  const { kind, source, size } = document.body.dataset;
  if (!main || !source) return;
  const subject: Subject = { name: document.title, source, size: Number(size), main };
  switch (kind) {
    case 'image':
      zoomable(subject);
      break;
    case 'audio':
    case 'video':
      main.querySelector('audio, video')?.addEventListener('error', (e) => {
        (e.currentTarget as HTMLElement).hidden = true;
        void reason(source).then((text) => notice(main, text));
      });
      break;
    case 'text':
      void showText(subject);
      break;
    case 'pdf':
    case 'html':
      void showDocument(subject, kind);
      break;
  }
}

start();
