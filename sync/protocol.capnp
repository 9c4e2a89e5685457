@0xdb1b7a0c6ee3f2a1;
# How replicas talk.  This file is the specification of the messages; what the streams of history
# hold is drawn in docs/protocol.md.
#
# The messages travel packed, each behind its packed length in bytes as a LEB128 number, so that no
# connection reserves memory for what has not come.  A message takes at most 1 MiB and 32 levels.
#
# Holding a reference is the right to call it: the bootstrap object can nothing but log in, a session
# gives out what its peer may have, and revoking a right breaks what was given out under it.
#
# Versions: both ends say the newest version that they speak and use the lower one.  Methods and fields
# are only added.  An end that is too old for the other is refused in words.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("ukstore::protocol");

struct Hello {
  version @0 :UInt16;
  # The newest version that this end speaks; this file describes version 1.
  oldest @1 :UInt16;
  # The oldest version that it still speaks.
  hash @2 :UInt8;
  # How objects are named: 1 is SHA-256.
  store @3 :Data;
  # 16 random bytes that tell this store from all others.
}

struct Head {
  branch @0 :Data;
  commit @1 :Data;
  # 32 bytes; none if there is no such branch (any more).
  generation @2 :UInt64;
}

interface Door {
  # The bootstrap object.
  login @0 (hello :Hello) -> (hello :Hello, session :Session, refusal :Refusal);
  # The session is null exactly if the reason of the refusal is not `none`.  Calls on it may be sent
  # with the login.
}

struct Refusal {
  reason @0 :Reason;
  text @1 :Text;
  enum Reason {
    none @0;
    version @1;   # the ends have no version in common
    hash @2;      # they name objects differently
    unknown @3;   # the peer's key is not known here
    busy @4;      # too many sessions
    itself @5;    # the peer is this very store
  }
}

interface Session {
  heads @0 () -> (heads :List(Head));
  # The branches that the peer may read: 1,000 at most, sorted by name.
  reader @1 (branch :Data) -> (reader :Reader);
  merger @2 (branch :Data) -> (merger :Merger);
  writer @3 (branch :Data) -> (writer :Writer);
  admin @4 (branch :Data) -> (admin :Admin);
  # All four fail for a branch on which the peer does not have that right, in the same words whether
  # there is such a branch or not.  When the right is revoked what they gave fails in those words too,
  # and what it does at that moment is broken off.
}

interface History {
  # Questions about the history of one branch.
  head @0 () -> (head :Head);
  find @1 (commits :List(Data)) -> (known :List(Bool));
  # Which of these commits, 32 at most, are in the history of the branch.  To find a common base a peer
  # asks for its own commits at growing distances, and then between the two that tell.
}

interface Objects {
  # The objects of the states of a branch, by their places: a name alone opens nothing.
  get @0 (place :Place, wanted :List(UInt32)) -> (objects :List(Data));
  # The canonical bytes of the object at a place, if `wanted` is empty, else of what it names with
  # these numbers; as many from the front as fit into 256 KiB, at least one.

  struct Place {
    commit @0 :Data;
    # In the history of the branch.
    path @1 :List(Data);
    # The keys of an entry whose payload is the starting point; if empty that is the root of the tree.
    links @2 :List(UInt32);
    # From there on: numbers of links, in the order in which objects name others.
  }
}

interface Reader extends(History, Objects) {
  pull @0 (haves :List(Data), sink :Sink, follow :Bool) -> (head :Head, outcome :Outcome);
  # Sends to `sink` what the branch has and the haves (64 at most) have not.  `unknown`: the branch knows none
  # of them, and nothing was sent; asking again without haves brings it all.  The haves that it knows are,
  # in their order, the first names of the stream's table; so the sender tells them first.
  # With `follow` it goes on to send whenever the branch moves, until the call is cancelled.

  enum Outcome {
    sent @0;
    current @1;  # the haves have it all
    unknown @2;
    absent @3;   # there is no such branch
  }
}

interface Merger extends(History) {
  push @0 (haves :List(Data), objects :Objects) -> (sink :Sink);
  # The other way round.  `haves` name commits of the branch, as `find` and `head` told them; they are the
  # first names of the stream's table.  What is published is merged into the branch, never put in its place.
}

interface Writer extends(Merger) {
  replace @0 (expected :Data, next :Data) -> ();
  # Moves the head from `expected` to `next`, and fails with `moved` if it is elsewhere.  Empty: there
  # is no such branch, and there shall be none.  `next` must be in the history of the branch, or be
  # what the peer has sent or was told.
}

interface Admin extends(Writer) {
  # The rights of others on the branch, as they are granted for it by its name.
  rights @0 () -> (rights :List(Right));
  grant @1 (right :Right) -> (fresh :Bool);
  revoke @2 (right :Right) -> (held :Bool);
  # This right and those that include it.

  struct Right {
    fingerprint @0 :Data;  # 64 hex digits
    level @1 :Level;
  }
  enum Level {
    none @0;
    read @1;
    merge @2;
    write @3;
    admin @4;
  }
}

interface Sink {
  # Takes a stream of history, in pieces of whole records.
  piece @0 (bytes :Data) -> stream;
  last @1 (bytes :Data) -> (head :Data);
  # A piece that ends by publishing a commit.  Returns when that has landed, durably: the head of the
  # receiving branch afterwards, or nothing if that is the commit that was published.  The stream may go on.
  known @2 (haves :List(UInt8)) -> stream;
  # Which of the haves of `pull` are the first names of the table, by their places, if not all of them.
}
