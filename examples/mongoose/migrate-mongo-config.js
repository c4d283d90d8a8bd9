module.exports = {
  mongodb: {
    url: process.env.MONGO_URL ?? 'mongodb://127.0.0.1:27017',
    databaseName: process.env.DB_NAME ?? 'shop',
    options: {},
  },
  migrationsDir: 'migrations',
  changelogCollectionName: 'changelog',
  lockCollectionName: 'changelog_lock',
  lockTtl: 0,
  migrationFileExtension: '.js',
  useFileHash: false,
  moduleSystem: 'commonjs',
};
