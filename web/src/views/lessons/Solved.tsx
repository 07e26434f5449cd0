/** The moment after: a leaf grows, stars are counted, and there is a way on. */
import { useEffect, useRef } from 'preact/hooks';
import type { Lesson } from '../../sim/frames';
import { openAgain } from '../../state/open';
import { attempt } from '../../state/problems';
import { openView } from '../../state/selection';
import { Button } from '../../ui/Button';
import { beds, lessons } from './catalogue';
import { current, type Outcome, openLesson } from './current';
import { after } from './parts';
import { progress } from './progress';
import { Stars } from './Stars';
import { say } from './say';
import { Terrarium } from './Terrarium';
import { text } from './text';
import { stopTyping } from './typing';

export function Solved({ lesson, outcome }: { lesson: Lesson; outcome: Outcome }) {
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    card.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const all = lessons.value;
  const next = after(
    all.map(entry => entry.lesson),
    lesson.name,
  );
  const following = all.find(entry => entry.lesson.name === next?.name);
  const best = progress.value[lesson.name]?.best ?? null;
  const leafed = current.value?.own === false;
  return (
    <div class="solved" ref={card} role="status">
      {leafed && (
        <Terrarium
          beds={beds.value}
          progress={progress.value}
          label={text().garden(String(Object.keys(progress.value).length), String(all.length))}
          focus={lesson.part}
          {...(outcome.first ? { growing: lesson.name } : {})}
        />
      )}
      <div class="solved-words">
        <p class="solved-title">{text().solved}</p>
        {outcome.stars > 0 ? (
          <>
            <Stars count={outcome.stars} size={22} appear />
            <p class="numbers">
              {text().solvedWith(String(outcome.used))} · {text().par(String(lesson.par))}
            </p>
            {best !== null && best < outcome.used && <p class="solved-best">{text().best(String(best))}</p>}
          </>
        ) : (
          <p>{text().solvedByShown}</p>
        )}
      </div>
      <div class="solved-tools">
        {following ? (
          <Button
            variant="primary"
            onClick={() => {
              stopTyping();
              attempt(openLesson(following));
            }}
          >
            {text().next}: {say(following.lesson.title)}
          </Button>
        ) : (
          <Button variant="primary" onClick={() => openView('lessons')}>
            {text().index}
          </Button>
        )}
        {outcome.stars < 3 && (
          <Button
            onClick={() => {
              stopTyping();
              attempt(openAgain());
            }}
          >
            {outcome.stars > 0 ? text().again : text().tryYourself}
          </Button>
        )}
      </div>
    </div>
  );
}
