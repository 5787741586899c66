// breaks: LAST_BY_SPLIT NO_BARRIER BACK_BEFORE_BARRIER NO_WAIT NO_SECOND_LOOK BACK_LATE NO_COMPARE PUBLISH_FIRST NO_ROOM_CHECK NOT_RESTORED NOT_PUT_BACK LOOK_FIRST
/*
 * The deque of stealable work, step by step as in spargio/core/split_deque.hpp: two slots; an owner
 * that pushes, shares and pops in any order, and two others that take and expose.
 *
 * Checked: every item is had exactly once, and none is left; a push is refused only when two wait.
 *
 * front, split and exposing are one word. What the owner writes to back_ is seen by others later:
 * `own` is what it wrote last, `back` what they see; an exchange of the owner's, or a barrier on its
 * CPU, makes both equal.
 */

#define CAPACITY 2
#define ITEMS 3
#define SLOT(position) slots[(position) % CAPACITY]

short front, split;
bool exposing;
short back, own;
byte slots[CAPACITY];

byte pushed;
byte had_by_all;
bool had[ITEMS + 1];
bool owner_done;
byte others_done;

inline have(item) {
    assert(item != 0 && !had[item]);
    had[item] = true;
    had_by_all++
}
/* What was written before is seen by now. */
inline write_back(value) { atomic { back = own; own = value } }

inline push() {
    b = own;
#ifndef NO_ROOM_CHECK
    f = front;
    if
    :: b - f > CAPACITY - 1 -> skip
    :: else ->
#endif
#ifdef PUBLISH_FIRST
        write_back(b + 1);
        SLOT(b) = pushed + 1;
        pushed++;
#else
        SLOT(b) = pushed + 1;
        pushed++;
        write_back(b + 1);
#endif
        skip
#ifndef NO_ROOM_CHECK
    fi
#endif
}

inline share(kept) {
    atomic {
        back = own;
        if
        :: own - split > kept -> split = own - kept
        :: else
        fi
    }
}

inline pop_public() {
    atomic { f = front; s = split; e = exposing }
    if
    :: f == s -> skip
    :: else ->
#ifndef BACK_LATE
        write_back(b - 1);
#endif
        item = SLOT(b - 1);
        do
#ifndef NO_WAIT
        :: e -> atomic { !exposing; f = front; s = split; e = exposing }
        :: !e ->
#else
        :: true ->
#endif
            if
            :: f == s ->
#ifndef NOT_RESTORED
                write_back(b);
#endif
                break
            :: else ->
                won = false;
                atomic {
                    back = own;
                    if
                    :: front == f && split == s && exposing == e ->
                        won = true;
#ifdef LAST_BY_SPLIT
                        split = b - 1;
#else
                        if
                        :: f == b - 1 -> front = b
                        :: else -> split = b - 1
                        fi;
#endif
                        have(item)
                    :: else -> f = front; s = split; e = exposing
                    fi
                };
                if
                :: won ->
#ifdef BACK_LATE
                    write_back(b - 1);
#endif
#ifndef LAST_BY_SPLIT
                    if
                    :: f == b - 1 -> write_back(b)
                    :: else
                    fi;
#endif
                    break
                :: else
                fi
            fi
        od
    fi
}

inline pop() {
    b = own;
    if
    :: split == b -> pop_public()
    :: else ->
        write_back(b - 1);
        atomic { s = split; e = exposing }
#ifdef NO_SECOND_LOOK
        e = false; s = b - 1;
#endif
#ifdef NO_WAIT
        e = false;
#endif
        if
        :: e || s == b ->
            atomic { !exposing; s = split }
            if
            :: s != b -> atomic { item = SLOT(b - 1); have(item) }
            :: else -> write_back(b); pop_public()
            fi
        :: else -> atomic { item = SLOT(b - 1); have(item) }
        fi
    fi
}

/* As who knows the item does: what is not plainly its own is left to pop(). */
inline pop_private() {
    b = own;
#ifdef LOOK_FIRST
    atomic { s = split; e = exposing };
    write_back(b - 1);
#else
    write_back(b - 1);
    atomic { s = split; e = exposing };
#endif
    if
    :: e || s == b ->
#ifndef NOT_PUT_BACK
        write_back(b)
#else
        skip
#endif
    :: else -> atomic { item = SLOT(b - 1); have(item) }
    fi
}

inline take() {
    atomic { f = front; s = split; e = exposing }
    if
    :: f == s -> skip
    :: else ->
        item = SLOT(f);
        atomic {
            if
            :: front == f && split == s && exposing == e -> front = f + 1; have(item)
            :: else
            fi
        }
    fi
}

inline expose() {
    if
    :: back == split -> skip
    :: else ->
        atomic { e = exposing; exposing = true }
        if
        :: e -> skip
        :: else ->
#ifdef BACK_BEFORE_BARRIER
            b = back;
            back = own;
#else
#ifndef NO_BARRIER
            back = own;
#endif
            b = back;
#endif
            atomic {
                if
#ifdef NO_COMPARE
                :: true -> split = b
#else
                :: b > split -> split = b
                :: else
#endif
                fi;
                exposing = false
            }
        fi
    fi
}

#define FORGET() atomic { b = 0; f = 0; s = 0; item = 0; e = false; won = false }

active proctype Owner() {
    short b, f, s;
    byte item;
    bool e, won;
    do
    :: pushed < ITEMS -> push(); FORGET()
    :: share(0)
    :: share(1)
    :: true -> pop(); FORGET()
    :: true -> pop_private(); FORGET()
    :: pushed == ITEMS && front == own -> break
    od;
    owner_done = true
}

active [2] proctype Other() {
    short b, f, s;
    byte item;
    bool e, won;
    do
    :: owner_done -> break
    :: true -> take(); FORGET()
    :: true -> expose(); FORGET()
    od;
    others_done++
}

/* What the owner wrote is seen at last. */
active proctype Memory() {
    do
    :: back != own -> back = own
    :: others_done == 2 -> break
    od;
    atomic { assert(had_by_all == ITEMS && front == own) }
}
