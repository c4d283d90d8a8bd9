export const url: string = process.env.MONGO_URL ?? 'mongodb://127.0.0.1:27017';
export const database: string = process.env.DB_NAME ?? 'shop';
