import type { Document } from 'mongodb';
import { exactPrice } from '../src/money';

interface Product extends Document {
  price: number | string;
}

export default {
  description: 'Prices become exact decimals',
  collection: 'products',
  where: { price: { $not: { $type: 'decimal' } } },
  reads: ['price'],
  options: { workers: 2, maxErrors: 10 },

  transform(product: Product) {
    if (Number.isNaN(Number(product.price))) throw new RangeError(`'${product.price}' is no price`);
    return { $set: { price: exactPrice(product.price) } };
  },
};
