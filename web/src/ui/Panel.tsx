/** A titled region with its tools. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export function Panel({
  title,
  tools,
  children,
}: {
  title: string;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {tools && <div class="panel-tools">{tools}</div>}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  );
}
