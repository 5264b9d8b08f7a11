import { declareModelPart } from './support/declare-part';

declareModelPart(2, 2, 'money');
