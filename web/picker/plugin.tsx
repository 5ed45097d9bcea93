/** The panel of a page's own source, which page code fills. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { filesPanel, type Model } from './model.ts';
import type { Plugin } from './types.ts';

export function PluginPanel({ m, plugin }: { m: Model; plugin: Plugin }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    plugin.mounted(element, { summary: () => m.show(filesPanel), upload: () => m.upload() });
    return () => plugin.unmounted(element);
  }, [plugin]);
  return <div ref={place} class="picker__plugin" />;
}
