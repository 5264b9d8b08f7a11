import { Group, type Subscriber, type Topic } from './audience';

/** Every group that has subscribers, by its topics. */
export class Groups {
  private readonly byKey = new Map<string, Group>();

  get isEmpty(): boolean {
    return this.byKey.size === 0;
  }

  /** Moves a subscriber to the group with exactly these topics. */
  join(subscriber: Subscriber, topics: readonly Topic[]): void {
    const sorted = [...topics].sort((a, b) => a.id - b.id);
    const key = sorted.map((topic) => topic.id).join();
    const before = subscriber.group;
    if (before?.key === key) return;
    let group = this.byKey.get(key);
    if (group === undefined) {
      group = new Group(key, sorted);
      this.byKey.set(key, group);
      for (const topic of sorted) topic.groups.add(group);
    }
    group.subscribers.add(subscriber);
    subscriber.group = group;
    // Behind that: what it goes on following is not left.
    if (before !== null) this.drop(subscriber, before);
  }

  leave(subscriber: Subscriber): void {
    const { group } = subscriber;
    if (group === null) return;
    subscriber.group = null;
    this.drop(subscriber, group);
  }

  private drop(subscriber: Subscriber, group: Group): void {
    group.subscribers.delete(subscriber);
    if (group.subscribers.size > 0) return;
    this.byKey.delete(group.key);
    for (const topic of group.topics) {
      topic.groups.delete(group);
      if (topic.groups.size === 0) topic.left();
    }
  }
}
