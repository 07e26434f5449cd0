/** The text of what a node goes by, with the lines marked that the packet met. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sim } from '../../sim/client';
import { cluster } from '../../state/run';
import { markLines } from './rules';
import { text } from './text';

export function NodeRules({ node, met }: { node: string; met: readonly string[] }) {
  const tables = useSignal<readonly string[]>([]);
  const table = useSignal('rules');
  const shown = useSignal('');
  const open = useSignal(false);
  const { at } = cluster.value;
  useEffect(() => {
    if (!open.value) return;
    let current = true;
    const show = async () => {
      if (tables.value.length === 0) tables.value = await sim.ruleTables();
      const found = await sim.rules(node, table.value);
      if (current) shown.value = found;
    };
    show().catch((thrown: { message?: string }) => {
      if (current) shown.value = thrown.message ?? '';
    });
    return () => {
      current = false;
    };
  }, [node, table.value, open.value, at]);
  return (
    <details
      class="node-rules"
      onToggle={event => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>{text().nodeRules(node)}</summary>
      <div class="node-tables">
        {tables.value.map(name => (
          <button
            key={name}
            type="button"
            class="tab"
            aria-pressed={name === table.value}
            onClick={() => {
              table.value = name;
            }}
          >
            {name}
          </button>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre tabIndex={0}>
        {markLines(shown.value, met).map((line, at) => (
          <div key={at} class={line.met ? 'met' : ''}>
            {line.met ? <mark>{line.text}</mark> : line.text || ' '}
          </div>
        ))}
      </pre>
    </details>
  );
}
