import { declareModelPart } from './support/declare-part';

declareModelPart(1, 1, 'trails');
