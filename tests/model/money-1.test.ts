import { declareModelPart } from './support/declare-part';

declareModelPart(1, 2, 'money');
