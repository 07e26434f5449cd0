/** The page: for now the views' tabs and one view. */
import { shown } from '../state/selection';
import { Lazy } from '../ui/Lazy';
import { Tabs } from '../ui/Tabs';
import { viewOf, views } from '../views/registry';

export function App() {
  const [name] = shown.value;
  return (
    <main style={{ display: 'grid', gridTemplateRows: 'auto 1fr', height: '100%' }}>
      <Tabs
        label="Views"
        tabs={views.map(view => ({ name: view.name, title: view.title(), icon: view.icon }))}
        current={name}
        choose={next => {
          shown.value = [next, null];
        }}
      />
      <Lazy key={name} load={viewOf(name).load} props={{}} />
    </main>
  );
}
