// A library with nothing in it, built under the names of others.
