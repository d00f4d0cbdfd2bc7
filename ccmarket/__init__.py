"""ccmarket: a marketplace for carbon credits."""
