import { ORDER_TYPE_PAGES } from './support/groups';
import { describePages } from './support/run-pages';

describePages('order types, each with its example', ORDER_TYPE_PAGES);
