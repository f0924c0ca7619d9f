"""Reference layers: how one file of features is read, checked and served."""
