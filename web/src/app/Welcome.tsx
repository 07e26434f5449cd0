/** What greets at the first visit, and behind the logo later. */

import { dialogue } from '../state/layout';
import { emptyCluster, openRun } from '../state/open';
import { attempt } from '../state/problems';
import { Dialog } from '../ui/Dialog';
import { Icon, type IconName } from '../ui/Icon';
import { Logo } from '../ui/Logo';
import { openLesson, openScenario } from './start';
import { text } from './text';

function Way({
  icon,
  title,
  hint,
  first = false,
  act,
}: {
  icon: IconName;
  title: string;
  hint: string;
  first?: boolean;
  act: () => void;
}) {
  return (
    <button type="button" class="welcome-way" autofocus={first} onClick={act}>
      <Icon name={icon} size={20} />
      <span class="welcome-words">
        <span class="welcome-title">{title}</span>
        <span class="welcome-hint">{hint}</span>
      </span>
      <Icon name="chevron-right" />
    </button>
  );
}

export function Welcome({ close }: { close: () => void }) {
  const words = text().welcome;
  const then = (act: () => void) => () => {
    close();
    act();
  };
  return (
    <Dialog title="Podarium" close={close}>
      <div class="welcome">
        <Logo size={56} />
        <h3>{words.title}</h3>
        <p>{words.intro}</p>
        <div class="welcome-ways">
          <Way
            first
            icon="lessons"
            title={words.lesson}
            hint={words.lessonHint}
            act={then(() => void attempt(openLesson('first-pod')))}
          />
          <Way
            icon="restart"
            title={words.scenario}
            hint={words.scenarioHint}
            act={then(() => attempt(openScenario('rolling-update')))}
          />
          <Way
            icon="terminal"
            title={words.free}
            hint={words.freeHint}
            act={then(() => attempt(openRun(emptyCluster)))}
          />
        </div>
        <button
          type="button"
          class="name-link"
          onClick={then(() => {
            dialogue.value = 'gallery';
          })}
        >
          <span>{words.gallery}</span>
        </button>
      </div>
    </Dialog>
  );
}
