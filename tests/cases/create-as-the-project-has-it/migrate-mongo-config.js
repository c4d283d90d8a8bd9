module.exports = { mongodb: { url: '{{URI}}', databaseName: '{{DB}}' }, migrationFileExtension: '.cjs', moduleSystem: 'esm' };
