// breaks: FRONT_FIRST NO_EXCHANGE TAKE_NO_EXCHANGE NO_ROOM_CHECK SLOT_LAST PUBLISH_FIRST BACK_FIRST NOT_RESTORED REFUSED_EARLY
/*
 * The deque of stealable work, step by step as in spargio/shard/steal_deque.hpp: two slots; an owner
 * that pushes, pops and takes in any order, and two thieves that take.
 *
 * Checked: every item is had exactly once, and none is left; a push is refused only when two wait.
 *
 * The memory is sequentially consistent here. What the orders of the code allow beyond that is a
 * choice: the owner's restored back_ may be seen before its exchange of front_. FRONT_FIRST,
 * PUBLISH_FIRST, SLOT_LAST and BACK_FIRST are what weaker orders would allow.
 */

#define CAPACITY 2
#define ITEMS 5
#define SLOT(position) slots[(position) % CAPACITY]

short front, back;
byte slots[CAPACITY];

byte pushed;
byte had_by_all;
bool had[ITEMS + 1];
bool owner_done;
byte thieves_done;

inline have(item) {
    assert(item != 0 && !had[item]);
    had[item] = true;
    had_by_all++
}

inline push() {
    old = back;
#ifndef NO_ROOM_CHECK
#ifdef REFUSED_EARLY
    atomic { seen = front; refused = (old - seen > CAPACITY - 2);
             assert(!refused || pushed - had_by_all == CAPACITY) }
#else
    atomic { seen = front; refused = (old - seen > CAPACITY - 1);
             assert(!refused || pushed - had_by_all == CAPACITY) }
#endif
    if
    :: refused -> skip
    :: else ->
#endif
#ifdef PUBLISH_FIRST
        back = old + 1;
        SLOT(old) = pushed + 1;
        pushed++
#else
        SLOT(old) = pushed + 1;
        atomic { back = old + 1; pushed++ }
#endif
#ifndef NO_ROOM_CHECK
    fi
#endif
}

inline pop() {
    old = back - 1;
    if
    :: front > old -> skip
    :: else ->
#ifdef FRONT_FIRST
        seen = front;
        back = old;
#else
        back = old;
        seen = front;
#endif
        if
        :: seen < old -> atomic { item = SLOT(old); have(item) }
        :: else ->
            if
            :: seen == old ->
#ifdef NO_EXCHANGE
                atomic { item = SLOT(old); have(item) }
                front = seen + 1;
#else
                restored = false;
                if
                :: back = old + 1; restored = true
                :: skip
                fi;
                atomic {
                    if
                    :: front == seen -> front = seen + 1; item = SLOT(old); have(item)
                    :: else
                    fi
                }
#endif
            :: else
            fi;
#ifndef NOT_RESTORED
            if
            :: !restored -> back = old + 1
            :: else
            fi
#endif
        fi
    fi;
    restored = false
}

inline take() {
#ifdef BACK_FIRST
    old = back;
    seen = front;
#else
    seen = front;
    old = back;
#endif
    if
    :: seen >= old -> skip
    :: else ->
#ifdef SLOT_LAST
        mine = false;
        atomic {
            if
            :: front == seen -> front = seen + 1; mine = true
            :: else
            fi
        }
        if
        :: mine -> atomic { item = SLOT(seen); have(item) }
        :: else
        fi;
        mine = false
#else
        item = SLOT(seen);
#ifdef TAKE_NO_EXCHANGE
        if
        :: front == seen -> atomic { front = seen + 1; have(item) }
        :: else
        fi
#else
        atomic {
            if
            :: front == seen -> front = seen + 1; have(item)
            :: else
            fi
        }
#endif
#endif
    fi
}

#define FORGET() atomic { old = 0; seen = 0; item = 0 }

active proctype Owner() {
    short old, seen;
    byte item;
    bool refused, restored, mine;
    do
    :: pushed < ITEMS -> push(); atomic { FORGET(); refused = false }
    :: pop(); FORGET()
    :: take(); FORGET()
    :: pushed == ITEMS && front >= back -> break
    od;
    owner_done = true
}

active [2] proctype Thief() {
    short old, seen;
    byte item;
    bool mine;
    do
    :: owner_done -> break
    :: else -> take(); FORGET()
    od;
    thieves_done++
}

active proctype Check() {
    thieves_done == 2;
    atomic {
        assert(had_by_all == ITEMS && front == back)
    }
}
