import type { NamedQuery } from '../database';

export const REGISTER_ASSET: NamedQuery = {
  name: 'register_asset',
  text: 'INSERT INTO assets (asset, decimals) VALUES ($1, $2) ON CONFLICT (asset) DO NOTHING',
};

export const ASSETS: NamedQuery = {
  name: 'assets',
  text: 'SELECT asset, decimals::integer AS decimals FROM assets ORDER BY asset',
};
