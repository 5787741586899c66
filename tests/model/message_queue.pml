// breaks: NO_ROOM_CHECK STAMP_FIRST FREE_FIRST CLAIM_TWICE STAMP_IS_FLAG STALE_IS_FULL
/*
 * The message lane, step by step as in spargio/shard/message_queue.cpp: two slots, two sources with
 * three messages each, so that positions wrap, and one reader. A source that hears "full" tries
 * again.
 *
 * Checked: nothing is lost, doubled, torn or out of its source's order; "full" is only said when it
 * was full. The memory is sequentially consistent here; STAMP_FIRST and FREE_FIRST are what weaker
 * orders than those in the code would allow.
 */

#define CAPACITY 2
#define MESSAGES 3
#define FULL(position, head) (position - head < 0 || position - head > CAPACITY - 1)

int tail, head_seen, head;
int stamp[CAPACITY];
byte from[CAPACITY];     /* the content, written and read in two steps */
byte number[CAPACITY];

byte next_of[2];         /* what the reader expects of each source */
byte received;

active [2] proctype Source() {
    int position, seen, newest;
    byte sent;
    bool was_full;
    do
    :: sent == MESSAGES -> break
    :: else ->
        position = tail;
again:
#ifndef NO_ROOM_CHECK
        seen = head_seen;
        if
        :: FULL(position, seen) ->
            atomic { seen = head; was_full = (tail - head == CAPACITY) }
            head_seen = seen;
            if
            :: FULL(position, seen) ->
#ifndef STALE_IS_FULL
                newest = tail;
                if
                :: newest != position -> position = newest; goto again
                :: else
                fi;
#endif
                assert(was_full);
                goto no_room
            :: else
            fi
        :: else
        fi;
#endif
#ifdef CLAIM_TWICE
        if
        :: tail == position -> tail = position + 1
        :: else -> position = tail; goto again
        fi;
#else
        atomic {
            if
            :: tail == position -> tail = position + 1
            :: else -> position = tail; goto again
            fi
        }
#endif
#ifdef STAMP_FIRST
        stamp[position % CAPACITY] = position + 1;
#endif
        from[position % CAPACITY] = _pid;
        number[position % CAPACITY] = sent;
#ifdef STAMP_IS_FLAG
        stamp[position % CAPACITY] = 1;
#else
        stamp[position % CAPACITY] = position + 1;
#endif
        sent++;
no_room:
        seen = 0;
        newest = 0;
        was_full = false
    od
}

active proctype Reader() {
    byte source, content;
    do
    :: received == 2 * MESSAGES -> break
    :: else ->
#ifdef STAMP_IS_FLAG
        stamp[head % CAPACITY] != 0;
#else
        stamp[head % CAPACITY] == head + 1;
#endif
#ifdef FREE_FIRST
        head++;
        source = from[(head - 1) % CAPACITY];
        content = number[(head - 1) % CAPACITY];
#else
        source = from[head % CAPACITY];
        content = number[head % CAPACITY];
        head++;
#endif
        atomic {
            assert(source < 2);
            assert(content == next_of[source]);
            next_of[source]++;
            received++
        }
    od
}
