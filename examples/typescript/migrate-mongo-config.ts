import { url, database } from './src/settings';

export default {
  mongodb: { url, databaseName: database },
  migrationsDir: 'migrations',
  changelogCollectionName: 'changelog',
  lockCollectionName: 'changelog_lock',
  migrationFileExtension: '.ts',
};
