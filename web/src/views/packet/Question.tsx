/** Who sends, and to whom. */
import { cluster } from '../../state/run';
import { Button } from '../../ui/Button';
import { Combobox } from '../../ui/Combobox';
import { ask, live, question } from './asking';
import { type Candidate, matching, receivers, senders } from './candidates';
import { text } from './text';

function options(all: () => readonly Candidate[]) {
  return (typed: string) => {
    const { groups } = text();
    return matching(all(), typed).map(one => ({ ...one, group: groups[one.group], of: one }));
  };
}

export function QuestionForm() {
  const t = text();
  const { from, to, namespace } = question.value;
  const change = (more: Partial<typeof question.value>) => {
    question.value = { ...question.value, ...more };
  };
  return (
    <form
      class="packet-question"
      onSubmit={event => {
        event.preventDefault();
        void ask();
      }}
    >
      <Combobox
        label={namespace !== 'default' && from.startsWith('pod/') ? `${t.from} (${namespace})` : t.from}
        value={from}
        placeholder={t.fromExample}
        options={options(() => senders(cluster.peek()))}
        onType={value => change({ from: value })}
        onChoose={({ of }) => {
          change({ from: of.value, namespace: of.namespace || namespace });
          void ask();
        }}
      />
      <span class="packet-arrow" aria-hidden="true">
        →
      </span>
      <Combobox
        label={t.to}
        value={to}
        placeholder={t.toExample}
        options={options(() => receivers(cluster.peek(), namespace))}
        onType={value => change({ to: value })}
        onChoose={({ of }) => {
          change({ to: of.value });
          void ask();
        }}
      />
      <div class="packet-buttons">
        <Button variant="primary" type="submit" icon="packet" disabled={!from || !to}>
          {t.trace}
        </Button>
        <Button
          pressed={live.value}
          title={t.liveHint}
          onClick={() => {
            live.value = !live.value;
          }}
        >
          {t.live}
        </Button>
      </div>
    </form>
  );
}
