import type { Db } from 'mongodb';

export const up = async (db: Db): Promise<void> => {
  await db.collection('products').createIndex({ price: 1 }, { name: 'by_price' });
};

export const down = async (db: Db): Promise<void> => {
  await db.collection('products').dropIndex('by_price');
};
