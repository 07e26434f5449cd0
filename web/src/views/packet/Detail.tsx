/** What happens at one hop: the headers before and after, the rules, the route, and why. */
import type { Hop } from '../../sim/frames';
import { cluster } from '../../state/run';
import { Boxes } from './Boxes';
import { compare } from './headers';
import { NodeRules } from './NodeRules';
import { text } from './text';
import type { Step } from './way';

/** The node whose kernel decides at a hop; empty outside of nodes. */
function nodeOf(hop: Hop): string {
  if (hop.place === 'node') return hop.name;
  if (hop.place !== 'pod') return '';
  const [first = '', second] = hop.name.split('/');
  const [namespace, name] = second === undefined ? ['default', first] : [first, second];
  for (const pod of cluster.value.pods.values()) if (pod.namespace === namespace && pod.name === name) return pod.node;
  return '';
}

export function placeName(hop: Hop): string {
  const t = text();
  return hop.place === 'underlay' ? t.underlay : hop.name || t.outside;
}

function Rules({ hop }: { hop: Hop }) {
  const t = text();
  if (hop.rules.length === 0) return null;
  return (
    <>
      <h4>{t.rules}</h4>
      <ol class="rules-met">
        {hop.rules.map((rule, at) => (
          <li key={at}>
            <span class="rule-chain">{rule.chain}</span>
            <code>{rule.rule}</code>
            {rule.effect && <p>{rule.effect}</p>}
          </li>
        ))}
      </ol>
    </>
  );
}

export function Detail({ step }: { step: Step }) {
  const t = text();
  const { hop } = step;
  const { before, after, effects } = compare(step.came, hop.after);
  const verdict = hop.verdict as keyof typeof t.verdicts;
  const node = nodeOf(hop);
  const direction = t.directions[hop.direction as keyof typeof t.directions] ?? hop.direction;
  return (
    <section class="packet-detail">
      <header aria-live="polite">
        <h3>
          <span class="step-number">{step.number}</span>
          {placeName(hop)} <code>{hop.interface}</code>
        </h3>
        <p>
          {step.back ? t.back : t.there} · {direction}
          {verdict !== 'pass' && (
            <span class="verdict" data-verdict={verdict}>
              {t.verdicts[verdict] ?? hop.verdict}
            </span>
          )}
        </p>
      </header>
      {effects.length > 0 && (
        <ul class="effects">
          {effects.map(effect => (
            <li key={effect} data-effect={effect}>
              {t.effects[effect]}
            </li>
          ))}
        </ul>
      )}
      {hop.why && (
        <p class="hop-why" data-verdict={verdict}>
          <b>{t.why}</b> {hop.why}
        </p>
      )}
      {effects.length > 0 ? (
        <div class="before-after">
          <Boxes title={t.before} headers={before} />
          <Boxes title={t.after} headers={after} />
        </div>
      ) : (
        <Boxes title={t.unchanged} headers={after} />
      )}
      {hop.route && (
        <>
          <h4>{t.route}</h4>
          <pre class="route">{hop.route}</pre>
        </>
      )}
      <Rules hop={hop} />
      {node && <NodeRules node={node} met={[...hop.rules.map(rule => rule.rule), hop.route ?? '']} />}
    </section>
  );
}
