import { dictionary } from '../i18n';

export const text = dictionary({
  en: {
    newVersion: 'There is a new version of Podarium.',
    newVersionHelp: 'Your run, your files and your progress stay.',
    reload: 'Reload',
  },
  zh: {
    newVersion: 'Podarium 有新版本。',
    newVersionHelp: '你的集群、文件和进度都会保留。',
    reload: '重新加载',
  },
});
