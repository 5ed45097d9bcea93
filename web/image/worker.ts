/** Works on images off the page's thread: takes {task}, answers {result} or {error}, one at a time. */
import { work } from './work.ts';
import type { Task } from './work.ts';

addEventListener('message', async ({ data }: MessageEvent<{ task: Task }>) => {
  const { task } = data;
  try {
    const result = await work(task);
    const transfer = typeof result === 'object' && 'bitmap' in result ? [result.bitmap] : [];
    postMessage({ result }, { transfer });
  } catch (error) {
    postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
