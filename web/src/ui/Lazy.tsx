/** A component that is loaded when it is first shown. A failed load (a page that was updated meanwhile, no network) can be tried again. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Button } from './Button';
import { Empty } from './Empty';
import { text } from './text';

export function Lazy<Props extends object>({
  quiet = false,
  load,
  props,
}: {
  load: () => Promise<ComponentType<Props>>;
  props: Props;
  /** Shows nothing while it is loaded: for what isn't a part of the page's plan. */
  quiet?: boolean;
}) {
  const [loaded, setLoaded] = useState<{ is: ComponentType<Props> } | 'loading' | 'failed'>('loading');
  useEffect(() => {
    if (loaded === 'loading') {
      load().then(
        is => setLoaded({ is }),
        () => setLoaded('failed'),
      );
    }
  }, [loaded]);
  if (loaded === 'loading') {
    return quiet ? null : <div class="loading" role="status" aria-label={text().loading} />;
  }
  if (loaded === 'failed') {
    return (
      <Empty icon="warning" title={text().viewFailed}>
        <Button onClick={() => setLoaded('loading')}>{text().retry}</Button>
      </Empty>
    );
  }
  const Loaded = loaded.is;
  return <Loaded {...props} />;
}
