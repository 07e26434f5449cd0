/** A component that is loaded when it is first shown. A failed load (a page that was updated meanwhile, no network) can be tried again. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Button } from './Button';
import { Empty } from './Empty';
import { text } from './text';

export function Lazy<Props extends object>({
  load,
  props,
}: {
  load: () => Promise<ComponentType<Props>>;
  props: Props;
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
    return <div class="loading" role="status" aria-label={text().loading} />;
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
