import { dictionary } from '../i18n';

export const text = dictionary({
  en: {
    parts: 'What is shown',
    terminal: 'Terminal',
    lesson: 'Lesson',
    open: 'Open in Podarium',
    openHint: 'Opens this run in a page of its own, with everything that was done here',
  },
  zh: {
    parts: '显示内容',
    terminal: '终端',
    lesson: '课程',
    open: '在 Podarium 中打开',
    openHint: '在单独的页面中打开此集群，包括这里做过的一切',
  },
});
