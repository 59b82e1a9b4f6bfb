"""Files in places where others may write: read without hanging, written without being led elsewhere."""
